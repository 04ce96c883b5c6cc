"""What a person owns and what an order would block, over one broker or all."""
