// Follows Airflow's choice of light or dark, if there is one, or else the system's. It is in the head of a page, after
// its style and before its content, so that nothing is painted in the other colours first.
"use strict";

{
  const airflow = () => {
    try {
      // Inside Airflow's frame, read the theme of the page around it. In a tab of its own, read what Airflow has saved
      // in localStorage.
      const names = window.parent === window ? localStorage.getItem("theme") : window.parent.document.documentElement.className;
      return /\b(dark|light)\b/.exec(names ?? "")?.[0];
    } catch {
      return undefined;
    }
  };
  const ofSystem = "(prefers-color-scheme: dark)";
  const rules = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule.media?.mediaText === ofSystem);
  const apply = () => {
    const theme = airflow();
    for (const rule of rules) rule.media.mediaText = { dark: "all", light: "not all" }[theme] ?? ofSystem;
    document.documentElement.style.colorScheme = theme ?? "";
    document.dispatchEvent(new Event("theme"));
  };
  apply();
  matchMedia(ofSystem).addEventListener("change", apply);
  addEventListener("storage", apply);
  try {
    new MutationObserver(apply).observe(window.parent.document.documentElement, { attributeFilter: ["class"] });
  } catch {
    // // The page is in a frame of another site, whose document can't be read.
  }
}
