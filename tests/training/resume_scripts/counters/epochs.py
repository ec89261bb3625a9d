seen = 0
