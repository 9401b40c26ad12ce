/** Eight hours at the highest rate, 18 decimals: what margin provides for. */
export const FUNDING_PROVISION = 75n * 10n ** 14n;
