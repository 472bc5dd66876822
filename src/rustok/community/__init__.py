"""The forum: topics, replies, reactions, moderation and notifications."""
