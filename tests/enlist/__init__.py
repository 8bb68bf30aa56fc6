"""Sessions that are started inside an application's transaction, from Python."""
