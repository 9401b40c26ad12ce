/** Hours of a day of realised variance, and how many of them have to be there. */
export const DAY_HOURS = 24;
export const LEAST_HOURS = 20;

/**
 * Realised variance of the 24 hours that end with each hour: the sum of the squares of their logarithmic returns. NaN where fewer than 20 hours are there or no price moved.
 * @param returns hourly, NaN where there is none
 */
export function realisedVariance(returns: Float64Array): Float64Array {
  const days = new Float64Array(returns.length).fill(Number.NaN);
  for (let i = DAY_HOURS - 1; i < returns.length; i++) {
    let [sum, present] = [0, 0];
    for (let j = i - DAY_HOURS + 1; j <= i; j++) {
      const each = returns[j]!;
      if (Number.isNaN(each)) continue;
      sum += each * each;
      present++;
    }
    if (present >= LEAST_HOURS && sum > 0) days[i] = sum;
  }
  return days;
}

/** The mean of every 24th value before and with `i`, `days` of them, of those that are there. NaN where half of them are not. */
export function meanOfDays(values: Float64Array, i: number, days: number): number {
  let [sum, present] = [0, 0];
  for (let day = 0; day < days; day++) {
    const value = values[i - day * DAY_HOURS];
    if (value === undefined || Number.isNaN(value)) continue;
    sum += value;
    present++;
  }
  return present * 2 >= days && present > 0 && i - (days - 1) * DAY_HOURS >= 0 ? sum / present : Number.NaN;
}
