"""Where the time of one saga goes: its statements one after the other, what each process used, and flame graphs."""
