"""What is known about a case on the day of presentation: levels, scores, radiotherapy, pathway,
treatment arm.
"""
