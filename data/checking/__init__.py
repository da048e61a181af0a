"""What must hold before a seal is created, and the sealing."""
