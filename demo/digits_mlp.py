"""The demo's job in Python: logs a small network that learns the handwritten digits to a running server (RUNLOG_URL)."""
import csv
import gzip
import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "sdk" / "python" / "src"))
import runlog

LR, WIDTH, SEED, EPOCHS, BATCH = 0.2, 16, 1, 3, 32
rng = random.Random(SEED)
with gzip.open(pathlib.Path(__file__).parent / "data" / "digits.csv.gz", "rt") as file:
    images = [([int(p) / 16 for p in row[:64]], int(row[64])) for row in csv.reader(file)]
rng.shuffle(images)
train, test = images[:1437], images[1437:]
w1 = [[rng.gauss(0, math.sqrt(2 / 64)) for _ in range(64)] for _ in range(WIDTH)]
w2 = [[rng.gauss(0, math.sqrt(2 / WIDTH)) for _ in range(WIDTH)] for _ in range(10)]

def forward(pixels):
    hidden = [max(0.0, sum(w * p for w, p in zip(row, pixels))) for row in w1]
    scores = [math.exp(sum(w * h for w, h in zip(row, hidden))) for row in w2]
    return hidden, [score / sum(scores) for score in scores]

with runlog.init("demo/digits-mlp", name="python", config={"lr": LR, "width": WIDTH, "seed": SEED}) as run:
    for epoch in range(EPOCHS):
        for start in range(0, len(train), BATCH):
            loss, step = 0.0, (epoch * len(train) + start) // BATCH
            for pixels, digit in train[start : start + BATCH]:
                hidden, odds = forward(pixels)
                loss -= math.log(max(odds[digit], 1e-12)) / BATCH
                errors = [(p - (c == digit)) * LR / BATCH for c, p in enumerate(odds)]
                back = [sum(e * w2[c][h] for c, e in enumerate(errors)) if hidden[h] > 0 else 0.0 for h in range(WIDTH)]
                for c, e in enumerate(errors):
                    w2[c] = [w - e * h for w, h in zip(w2[c], hidden)]
                for h, e in enumerate(back):
                    w1[h] = [w - e * p for w, p in zip(w1[h], pixels)] if e else w1[h]
            run.log({"train/loss": loss}, step=step)
        right = sum(max(range(10), key=forward(pixels)[1].__getitem__) == digit for pixels, digit in test)
        run.log({"epoch": epoch, "validation/accuracy": right / len(test)}, step=step)
