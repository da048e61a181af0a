"""What SQL sees of a store: tables and views, made anew from the newest seal."""
