"""What others know of our companies: the official register, legal notices, exports of data vendors."""
