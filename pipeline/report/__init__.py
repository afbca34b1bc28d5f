"""Reports: one self-contained HTML file each, in English and French."""
