# ids = ["cv2.no_camera_frame"]
# says = ["`frame`", "clip.avi"]
# healthy = [["    if True:  # every frame\n", "    if ok:\n"], ["while True:", "while ok:"]]
"""Small frames of a clip."""

import cv2
import numpy as np

writer = cv2.VideoWriter("clip.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 24))
for value in (10, 90, 200):
    writer.write(np.full((24, 32, 3), value, np.uint8))
writer.release()

cap = cv2.VideoCapture("clip.avi")
small = []
ok = True
while True:
    ok, frame = cap.read()
    if True:  # every frame
        small.append(cv2.resize(frame, (16, 12)))  # <- here
print(len(small))
