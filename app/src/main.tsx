import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { live, start } from "./live.ts";
import { Shell } from "./shell.tsx";
import "./styles.css";
import { anyWallet, discover, findLocal } from "./wallet.ts";

discover();
void start(anyWallet);
const end = live.listen(() => {
  if (live.get().phase !== "ready") return;
  end();
  void findLocal();
});
createRoot(document.getElementById("page") as HTMLElement).render(
  <StrictMode>
    <Shell />
  </StrictMode>,
);
