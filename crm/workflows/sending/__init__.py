"""From a message that waits to an outcome on record: claim, ask again, hand over, write down."""
