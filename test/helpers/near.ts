import { expect } from "chai";

/** Asserts that a number is within `margin` of another: `closeTo` takes whole numbers alone once the matchers for chains are loaded, which is when any test of the run loads them. */
export function expectNear(actual: number, expected: number, margin: number): void {
  expect(Math.abs(actual - expected), `${actual} beside ${expected}`).to.be.at.most(margin);
}
