"""What a release is made of: wheel, sdist, bill of materials, and the recipe of a container image."""
