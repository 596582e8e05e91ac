"""From a step that is due to an outcome on record: plan, claim, ask again, hand over, write down."""
