import { join } from "node:path";

/**
 * The folder below which `deployments` lies: PLIMSOLL_HOME, which the command of the package sets to the working directory; that of the project
 * otherwise, for cron and systemd call from elsewhere.
 */
export function home(): string {
  return process.env.PLIMSOLL_HOME ?? join(import.meta.dirname, "..", "..");
}
