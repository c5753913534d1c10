"""Tables of counts that monitors and brokers read; semantics 6."""
