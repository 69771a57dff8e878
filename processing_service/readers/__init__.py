"""How each family of files is read. These modules run in worker processes only."""
