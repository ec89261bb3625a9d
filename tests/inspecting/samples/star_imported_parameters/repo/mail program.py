import smtplib
from email.mime.text import MIMEText

message = MIMEText("The model has been trained, have a look at accuracy.txt")
message["Subject"] = "training finished"
server = smtplib.SMTP("smtp.example.org", 587)
server.starttls()
server.login("developer@example.org", "not-a-password")
server.sendmail("developer@example.org", ["team@example.org"], message.as_string())
server.quit()
