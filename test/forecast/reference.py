"""Writes reference.json: fits of packages that share no code with src/forecast, on the series that writeSeries.ts prints.

python3 -m venv venv && venv/bin/pip install arch==8.0.0 statsmodels==0.15.0
node test/forecast/writeSeries.ts > series.json
venv/bin/python test/forecast/reference.py series.json > test/forecast/reference.json
"""
import json
import platform
import sys

import arch
import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from arch import arch_model
from scipy.stats import binom, chi2

series = json.load(open(sys.argv[1]))
returns = np.array(series["returns"])
result = {
    "origin": {
        "script": "test/forecast/reference.py",
        "count": series["count"],
        "seed": series["seed"],
        "python": platform.python_version(),
        "arch": arch.__version__,
        "statsmodels": statsmodels.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    },
    "garch": {},
}
for name, asymmetric in (("garch", 0), ("gjr", 1)):
    model = arch_model(returns, mean="Zero", vol="GARCH", p=1, o=asymmetric, q=1, dist="normal", rescale=False)
    fit = model.fit(disp="off", backcast=float(np.mean(returns**2)), tol=1e-12, options={"maxiter": 2000})
    assert fit.convergence_flag == 0
    forecast = fit.forecast(horizon=24, reindex=False).variance.values[-1]
    result["garch"][name] = {
        "omega": fit.params["omega"],
        "alpha": fit.params["alpha[1]"],
        "gamma": fit.params["gamma[1]"] if asymmetric else 0,
        "beta": fit.params["beta[1]"],
        "logLikelihood": fit.loglikelihood,
        "nextHour": float(forecast[0]),
        "next24Hours": float(forecast.sum()),
    }
ordinary = sm.OLS(np.array(series["values"]), sm.add_constant(np.array(series["rows"]))).fit()
result["regression"] = {"coefficients": ordinary.params.tolist(), "residualVariance": float(ordinary.mse_resid), "rows": len(series["values"])}
result["chiSquaredTails"] = [[x, k, float(chi2.sf(x, k))] for k in (1, 2) for x in (0.001, 0.5, 1, 3.841, 5.991, 10, 25)]
result["binomial"] = [
    [k, n, p, float(binom.cdf(k, n, p))]
    for k, n, p in ((4, 250, 0.01), (9, 250, 0.01), (0, 250, 0.01), (58, 11688, 0.005), (90, 11688, 0.005), (20, 1948, 0.005))
]
result["quantiles"] = [[p, float(np.quantile(returns, p))] for p in (0, 0.005, 0.5, 0.995, 1)]
json.dump(result, sys.stdout, indent=2)
print()
