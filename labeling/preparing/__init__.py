"""From labelled rows as they are found to examples that can be trained on."""
