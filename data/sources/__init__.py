"""What users bring: Parquet files, cut into chunks by a plan, and read in bounded memory."""
