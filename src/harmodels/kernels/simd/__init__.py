"""Vector instructions: lanes, elementary functions, matrix products, denormal numbers."""
