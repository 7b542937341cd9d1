"""The Threshold page, part by part."""
