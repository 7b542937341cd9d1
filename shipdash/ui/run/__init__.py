"""The Run page, part by part."""
