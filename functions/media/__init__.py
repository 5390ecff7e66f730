"""Media made fit to be sent: judged by content, changed where it must be, bounded in time and memory."""
