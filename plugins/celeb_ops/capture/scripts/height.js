// The page's rows, by now.
return pageHeight();
