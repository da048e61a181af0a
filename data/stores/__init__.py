"""Where results are kept, by five verbs: a local disk, S3, or memory that is only looked at."""
