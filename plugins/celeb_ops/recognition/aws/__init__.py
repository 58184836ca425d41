"""AWS Rekognition: which pictures are sent, what was answered, what it costs."""
