"""What leaves the house: sealed snapshots and the datasets written from them."""
