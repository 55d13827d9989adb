# SPDX-License-Identifier: BSD-2-Clause
"""NDR and PDR: the highest rates without loss, and with a loss of at most 0.5 %, found together by bisection:
every trial tells something about both."""

PDR_LOSS = 0.005
WIDTH = 0.02  # the search ends when the bounds are this close to each other


class Search:
    def __init__(self, top):
        self.low = {0.0: 0.0, PDR_LOSS: 0.0}  # highest rate that was within the loss
        self.high = {0.0: top, PDR_LOSS: top}  # lowest that wasn't
        self.rate = top / 1.15

    def tell(self, rate, loss):
        """The outcome of a trial at about self.rate; chooses the next, None at the end."""
        for most in self.low:
            if loss <= most:
                self.low[most] = max(self.low[most], rate)
            else:
                self.high[most] = min(self.high[most], rate)
        self.rate = None
        for most in (PDR_LOSS, 0.0):
            low, high = self.low[most], max(self.high[most], 1.0)
            if (high - low) / high > WIDTH and high > 1000:
                self.rate = (low + high) / 2
                return

    @property
    def ndr(self):
        return self.low[0.0]

    @property
    def pdr(self):
        return self.low[PDR_LOSS]
