"""What runs and tests Accompanist on one machine; nothing of the package imports it."""
