"""AWS Rekognition: paid requests, their cache and their budget."""
