/**
 * An optimiser with a third of its usual steps: code half as large again, in less than half the time. What a test of behaviour sees is the same; nothing whose
 * size or gas counts may be compiled so.
 */
export const shortOptimizer = (runs: number) => ({
  enabled: true,
  runs,
  details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: "dhfoDgvulfnTUtnIf:fDnTOcmu" } },
});
