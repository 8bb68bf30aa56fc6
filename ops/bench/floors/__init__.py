"""The least that the order saga can take: its local transactions in a row, with nothing that survives a crash between
them. What Accompanist takes is compared with that."""
