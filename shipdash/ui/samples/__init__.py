"""The Samples page, part by part."""
