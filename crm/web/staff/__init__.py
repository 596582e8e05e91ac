"""Pages of colleagues. Every one names the act it needs (`crm.web.access`)."""
