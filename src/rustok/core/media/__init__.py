"""Files of a tenant: pictures with their renditions, documents, sound and film, stored or still at a remote address."""
