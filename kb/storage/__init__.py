"""Where the bytes of attachments lie: a small port and its file side."""
