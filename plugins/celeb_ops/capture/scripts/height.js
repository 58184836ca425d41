// Returns the page's present height.
return pageHeight();
