"""The curation rooms' pages: parse, call a service or a selector, render."""
