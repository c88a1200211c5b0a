"""Input tables become typed frames and a list of findings; result frames become files."""
