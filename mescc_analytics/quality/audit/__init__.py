"""The audit of a service: indicators judged case by case, counted, charted and compared.

indicators judge, counts add up, cases lists what did not pass; trend and spc chart, cycles compares
two periods, intervals says where the days go.
"""
