"""Content categories: a tree in which posts and pages are filed."""
