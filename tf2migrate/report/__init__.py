"""What people see: one module per output. Everything here returns text or bytes; printing is the caller's."""
