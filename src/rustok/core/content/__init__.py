"""Pages, posts and comments: nodes in a tree, with a body rendered once when it is written."""
