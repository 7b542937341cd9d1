"""The Generator page, part by part."""
