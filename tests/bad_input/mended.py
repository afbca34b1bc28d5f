MENDED = {}
