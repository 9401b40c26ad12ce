import { useSyncExternalStore } from "react";

/** Where one is: the fragment of the address, so that the page works under any path. */
export type Route = { readonly page: string; readonly rest: string; readonly query: URLSearchParams };

let known = "";
let route: Route = { page: "portfolio", rest: "", query: new URLSearchParams() };

function read(): Route {
  if (location.hash === known) return route;
  known = location.hash;
  const [path = "", query = ""] = known.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/");
  route = { page: page === "" ? "portfolio" : page, rest: rest.map(decodeURIComponent).join("/"), query: new URLSearchParams(query) };
  return route;
}

export function useRoute(): Route {
  return useSyncExternalStore((hear) => {
    addEventListener("hashchange", hear);
    return () => removeEventListener("hashchange", hear);
  }, read);
}

export function go(path: string): void {
  location.hash = path;
}
