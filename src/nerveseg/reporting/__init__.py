"""The HTML report: tables, charts, frames and an image browser."""
