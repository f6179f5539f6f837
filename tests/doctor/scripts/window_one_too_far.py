# ids = ["python.index_out_of_range"]
# says = ["`start + self.span` is 30", "exactly one past the end"]
# advises = ["end one earlier"]
# never = ["names needs more names"]
# healthy = [["len(self.days) - self.span + 1", "len(self.days) - self.span"]]
"""Pairs of a week and the day after it."""


class Weeks:
    def __init__(self, days, span=7):
        self.days, self.span = days, span

    def __len__(self):
        return len(self.days) - self.span + 1

    def pair(self, start):
        week = self.days[start : start + self.span]
        target = self.days[start + self.span]  # <- here
        return week, target


temperatures = [10 + day % 5 for day in range(30)]
weeks = Weeks(temperatures)
pairs = [weeks.pair(i) for i in range(len(weeks))]
print(len(pairs))
